# The smallest Rails application that has pages, sessions, users and a database.

require "logger"
require "rails"
require "action_controller/railtie"
require "active_job/railtie"
require "active_record/railtie"

class Shop < Rails::Application
  config.root = File.expand_path("..", __dir__)
  config.load_defaults 6.1
  config.eager_load = true
  config.consider_all_requests_local = false
  config.secret_key_base = "0" * 64
  config.logger = Logger.new($stderr)
  config.active_record.maintain_test_schema = false
end
