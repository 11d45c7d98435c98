require "test_helper"

class ChatTest < ActionDispatch::IntegrationTest
  test "gives a token to whoever is logged in" do
    get "/chat/token"
    assert_response :unauthorized
    get "/login", params: { id: 7, name: "Ann" }
    get "/chat/token"
    assert_response :success
    assert_equal 3, response.body.split(".").size
  end
end
