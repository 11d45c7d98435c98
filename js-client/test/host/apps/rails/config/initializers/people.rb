# Who is logged in: the session says so.
module People
  Person = Struct.new(:id, :name)

  def self.included(controller)
    controller.helper_method :current_user
  end

  def current_user
    Person.new(*session[:user]) if session[:user]
  end
end

ActiveSupport.on_load(:action_controller_base) { include People }
