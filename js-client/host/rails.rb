# mosquitto-chat for Rails: signs logins.  Copy this file to app/controllers/concerns/mosquitto_chat.rb.
#
#     class ChatController < ApplicationController   # needs current_user with an id and a name
#       include MosquittoChat                        # the action `token`
#     end
#     class ApplicationController
#       helper MosquittoChat::Tags                   # mosquitto_chat_tags, for the layout's <head>
#     end
#     get "chat/token", to: "chat#token"             # in config/routes.rb
#     <%= mosquitto_chat_tags(current_user, url: "/mqtt", token_url: chat_token_path) %>
#
# The secret is the plugin's, in the environment variable CHAT_SECRET.  It never leaves the server.

require "json"
require "openssl"

module MosquittoChat
  LIFETIME = 3600
  LONGEST_NAME = 128

  class << self
    # A login that ends by itself: the password; the username stays empty.
    def jwt(id, name = "", seconds: LIFETIME, now: Time.now.to_i, audience: nil)
      claims = { sub: checked(id), name: clean_name(name), exp: now.to_i + seconds, aud: audience }.compact
      seal('{"alg":"HS256","typ":"JWT"}', JSON.generate(claims))
    end

    # A login that never ends: username and password.
    def signed_name(id, name = "")
      username = "#{checked(id)}:#{clean_name(name)}"
      [username, [hmac(username)].pack("m0")]
    end

    # Signs a JWT's header and claims, given as JSON.
    def seal(header, claims)
      signed = "#{base64url(header)}.#{base64url(claims)}"
      "#{signed}.#{base64url(hmac(signed))}"
    end

    # A name as the plugin takes it: no control characters, and at most 128 bytes.
    def clean_name(name)
      plain = name.to_s.encode("UTF-8").scrub.gsub(/[\u0000-\u001f\u007f-\u009f]/, " ")
      plain.byteslice(0, LONGEST_NAME).scrub("")
    end

    private

    def checked(id)
      return id.to_s if id.to_s.match?(/\A[A-Za-z0-9_.@~=-]{1,64}\z/)

      raise ArgumentError, "a chat user's id has 1 to 64 of the characters A-Z a-z 0-9 _ . @ ~ = -"
    end

    def hmac(text)
      secret = ENV.fetch("CHAT_SECRET", "")
      raise "CHAT_SECRET has to be the chat's secret, of 32 bytes or more" if secret.bytesize < 32

      OpenSSL::HMAC.digest("SHA256", secret, text)
    end

    def base64url(bytes)
      [bytes].pack("m0").tr("+/", "-_").delete("=")
    end
  end

  # The page's token, for whoever is logged in.
  def token
    response.headers["Cache-Control"] = "no-store"
    return head(:unauthorized) unless current_user

    render plain: MosquittoChat.jwt(current_user.id, current_user.name)
  end

  module Tags
    # Tells the page's elements where the chat is and whose it is.
    def mosquitto_chat_tags(user, url:, token_url: nil)
      contents = { "url" => url, "token" => MosquittoChat.jwt(user.id, user.name), "token-url" => token_url }
      safe_join(contents.compact.map { |key, content| tag.meta(name: "chat-#{key}", content: content) }, "\n")
    end
  end
end
