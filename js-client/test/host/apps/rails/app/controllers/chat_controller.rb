class ChatController < ApplicationController
  include MosquittoChat
end
