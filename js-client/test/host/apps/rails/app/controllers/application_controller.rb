class ApplicationController < ActionController::Base
  helper MosquittoChat::Tags
end
