# The smallest Rails application that has pages, sessions and users.  What the guide tells to add is not here.

require "logger"
require "rails"
require "action_controller/railtie"

class Shop < Rails::Application
  config.root = File.expand_path("..", __dir__)
  config.load_defaults 6.1
  config.eager_load = true
  config.consider_all_requests_local = false
  config.secret_key_base = "0" * 64
  config.logger = Logger.new($stderr)
end
