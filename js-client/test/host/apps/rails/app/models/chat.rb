# The chat's functions in the database, on the application's own connection: what they do belongs to the
# transaction that is open, and is undone with it.
module Chat
  class << self
    def post(from, to, text, ref: nil, data: nil)
      call("chat.post(?, ?, ?, ?, ?)", from.to_s, to.to_s, text, ref, data&.to_json)
    end

    def block(blocker, blocked)
      call("chat.block(?, ?)", blocker.to_s, blocked.to_s)
    end

    def unblock(blocker, blocked)
      call("chat.unblock(?, ?)", blocker.to_s, blocked.to_s)
    end

    def unread_total(id)
      call("chat.unread_total(?)", id.to_s).first["unread_total"]
    end

    def take_away(most)
      call("chat.take_away(most => ?)", most)
    end

    private

    # Not select_all: that may answer from the cache of queries, and call nothing.
    def call(function, *arguments)
      sql = ActiveRecord::Base.sanitize_sql(["select * from #{function}", *arguments])
      ActiveRecord::Base.connection.exec_query(sql, "Chat").to_a
    end
  end
end
