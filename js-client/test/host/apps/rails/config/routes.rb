Rails.application.routes.draw do
  root to: "pages#home"
  get "odd", to: "pages#odd"
  get "login", to: "pages#login"
  get "chat/token", to: "chat#token"
  %w[order block unblock push].each { |name| get name, to: "hand##{name}" }
end
