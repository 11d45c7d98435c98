# Tells those who are away of unread messages. To be run every ten seconds or so, by any number of workers.
class PushJob < ApplicationJob
  def perform
    loop { break if push_one.empty? }
  end

  private

  # What fails is given back by the rollback, and taken again by a later run.
  def push_one
    ApplicationRecord.transaction do
      Chat.take_away(1).each do |away|
        Push.deliver(away["user_id"], "#{away["text"]} (#{away["count"]} unread)")
      end
    end
  end
end
