# mosquitto-chat for Rails: signs logins.  Copy this file to app/controllers/concerns/mosquitto_chat.rb.
#
#     class ChatController < ApplicationController   # needs current_user: nil, or with an id (and a name)
#       include MosquittoChat                        # the action `token`
#     end
#     class ApplicationController
#       helper MosquittoChat::Tags                   # mosquitto_chat_tags, for the layout's <head>
#     end
#     get "chat/token", to: "chat#token"             # in config/routes.rb
#     <%= mosquitto_chat_tags(current_user, url: "/mqtt", token_url: chat_token_path) %>
#
# The environment says how: CHAT_SECRET is the plugin's secret and never leaves the server; CHAT_AUDIENCE is
# the plugin's jwt_audience, where it has one; CHAT_LIFETIME is how many seconds a token is good for.

require "active_support/core_ext/object/try"
require "json"
require "openssl"

module MosquittoChat
  SHORTEST_SECRET = 32
  NOT_IN_A_SECRET = /\A[ #]| \z|[\x00-\x1f\x7f]|\xEF\xBB\xBF/n
  LIFETIME = "3600"
  LONGEST_NAME = 128

  class << self
    # A login that ends by itself: the password; the username is best the id.
    def jwt(id, name = "", seconds: lifetime, now: Time.now, audience: ENV["CHAT_AUDIENCE"])
      iat = now.to_i
      claims = { sub: checked(id), name: clean_name(name), iat: iat, exp: iat + seconds }
      claims[:aud] = audience unless audience.to_s.empty?
      seal('{"alg":"HS256","typ":"JWT"}', JSON.generate(claims))
    end

    # The login of the page's user.
    def jwt_of(user)
      jwt(user.id, user.try(:name))
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

    # Read as the plugin reads it: without the line end that a file or `echo` leaves behind it.
    def secret
      said = ENV.fetch("CHAT_SECRET", "").b.sub(/\r?\n\z/, "")
      return said if said.bytesize >= SHORTEST_SECRET && !said.match?(NOT_IN_A_SECRET)

      raise "CHAT_SECRET has to be the chat's secret: 32 bytes or more, no # in front, no blank at either end, " \
        "no control character and no byte order mark"
    end

    def lifetime
      said = ENV["CHAT_LIFETIME"].to_s.empty? ? LIFETIME : ENV["CHAT_LIFETIME"]
      return said.to_i if said.match?(/\A[1-9]\d{0,8}\z/)

      raise "CHAT_LIFETIME has to be a number of seconds, such as 3600"
    end

    def hmac(text)
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

    render plain: MosquittoChat.jwt_of(current_user)
  end

  module Tags
    # Tells the page's elements where the chat is and whose it is; nothing for a visitor.
    def mosquitto_chat_tags(user, url:, token_url: nil)
      return unless user

      contents = { "url" => url, "token" => MosquittoChat.jwt_of(user), "token-url" => token_url }
      safe_join(contents.compact.map { |key, content| tag.meta(name: "chat-#{key}", content: content) }, "\n")
    end
  end
end
