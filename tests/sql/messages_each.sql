\ir prelude.sql

create function test.store_each(key text, messages text[], again boolean default false) returns text
language sql as $$ select test.save(key, messages, again, 'store_each'); $$;

alter table chat.messages add constraint no_poison check (text <> 'poison');
select test.same('a refused message is left out, those behind it take its number',
	test.store_each('a', array['1/2 a x', '1/2 b poison', '1/2 b y', '1/3 a poison', '1/2 a z']),
	'n1 x n2 x n3');
select test.same('the refusal says why', (select s.text from chat.store_each(array['1/2'], false,
	array[1], array[true], array['poison'], array[null], array[now()], array[gen_random_uuid()], null, null) s),
	'23514');
select test.same('a ref of a refused message is still free',
	test.store_each('b', array['1/2 a poison r', '1/2 a x r', '1/2 a y r']), 'x n4 r4');
select test.same('what is found under its own key is new',
	test.store_each('b', array['1/2 a poison r', '1/2 a x r', '1/2 a y r'], true), 'r4 k4 r4');
select test.sound();

create function drop_row() returns trigger language plpgsql as 'begin return null; end';
create trigger drop_row before insert on chat.messages for each row
	when (new.text = 'drop') execute function drop_row();
select test.same('a row that a trigger drops is refused',
	test.store_each('c', array['1/2 a drop', '1/2 a x']), 'x n5');

alter table chat.conversations add constraint few check (last_seq < 7 or room <> '1/2');
select test.same('what the conversation refuses is refused',
	test.store_each('d', array['1/2 a x', '1/2 a x', '1/3 a x']), 'n6 x n1');
alter table chat.conversations drop constraint few;
select test.sound();

-- A trigger that watches over what is said.
create function moderate() returns trigger language plpgsql as $$
begin
	perform chat.close(new.user_id, new.opponent_id);
	return null;
end;
$$;
create trigger moderate after insert on chat.messages for each row
	when (new.text = 'bad') execute function moderate();
select test.fails('a batch with a message because of which a chat is closed does not lose its counts',
	$$select test.save('m', array['1/8 a x', '1/9 a bad'])$$, 'P0001');
select test.same('one by one they are stored, and nothing behind it',
	test.store_each('m', array['1/8 a x', '1/9 a bad', '1/9 a x']), 'n1 n1 f');
select test.same('and count', (select string_agg(room || ' ' || last_seq || ' ' || b_unread || ' ' || closed, ', ' order by room)
	from chat.conversations where room in ('1/8', '1/9')), '1/8 1 1 0, 1/9 1 1 4');
drop trigger moderate on chat.messages;
select test.sound();

-- What is no message's fault fails the call.
create function no_disk() returns trigger language plpgsql as $$
begin
	raise exception 'no' using errcode = 'disk_full';
end;
$$;
create trigger no_disk before insert on chat.messages for each row
	when (new.text = 'large') execute function no_disk();
select test.fails('a full disk refuses no message',
	$$select test.store_each('e', array['1/2 a x', '1/2 a large'])$$, '53100');
select test.same('and nothing is stored', (select last_seq from chat.conversations
	where room = '1/2'), 6::bigint);
drop trigger no_disk on chat.messages;
alter table chat.messages rename column text to words;
select test.fails('nor does a schema that is not what it should be',
	$$select test.store_each('e', array['1/2 a x'])$$, '42703');
alter table chat.messages rename column words to text;

-- The same batches to both functions, and message by message, each in rooms of its own, give the same
-- answers; every batch comes once more, in doubt.
create function test.batch(prefix text, seed integer) returns text[]
language sql as $$
	select array_agg(prefix || '/' || prefix || h % 5 || case h / 5 % 2 when 0 then ' a ' else ' b ' end
		|| 'text' || h || case when h % 3 = 0 then ' r' || h % 17 else '' end order by i)
	from (select i, abs(hashint4(seed * 1000 + i)) as h from generate_series(1, 40) i) m;
$$;
select test.same('both functions agree, batch ' || seed,
	test.save('20-' || seed / 2 || '-', test.batch('20', seed / 2), seed % 2 = 1),
	test.store_each('30-' || seed / 2 || '-', test.batch('30', seed / 2), seed % 2 = 1))
from generate_series(1, 50) seed;
select test.same('messages that come alone fare as those of a batch, batch ' || seed,
	test.save_alone('40-' || seed / 2 || '-', test.batch('40', seed / 2), seed % 2 = 1),
	test.save('50-' || seed / 2 || '-', test.batch('50', seed / 2), seed % 2 = 1))
from generate_series(1, 50) seed;
select test.same('and on what is stored', (select count(*) from chat.conversations a
	join chat.conversations b on replace(replace(a.room, '20', '30'), '40', '50') = b.room
	where a.room ~ '^[24]0/' and (a.last_seq, a.a_unread, a.b_unread, a.a_waiting, a.b_waiting,
		a.a_last_seq, a.b_last_seq) is distinct from (b.last_seq, b.a_unread, b.b_unread,
		b.a_waiting, b.b_waiting, b.a_last_seq, b.b_last_seq)), 0::bigint);
select test.same('in all their rooms', (select count(*) from chat.conversations
	where room ~ '^[2345]0/'), 20::bigint);
select test.sound();
