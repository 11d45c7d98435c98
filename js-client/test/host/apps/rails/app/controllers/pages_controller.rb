class PagesController < ApplicationController
  def home; end

  def odd
    render layout: false
  end

  def login
    session[:user] = [params[:id], params[:name]]
    head :no_content
  end
end
