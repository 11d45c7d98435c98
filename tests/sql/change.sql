\ir prelude.sql

-- Asks for changes that are given as 'room seq who kind what', who is a, b or app; what is a text, a
-- reaction, or a reaction with a minus before it.  Returns 'c1 s1 f b:seq l' in their order.
create function test.change(variadic asked text[]) returns text
language sql as $$
	select string_agg(c.outcome::text || case when c.outcome in ('c', 's') then coalesce(c.change, 0)::text
		else coalesce(':' || c.reason, '') end, ' ' order by c.no)
	from (
		select array_agg(w[1] order by no) as rooms, array_agg(w[2]::bigint order by no) as seqs,
			array_agg(case w[3] when 'a' then true when 'b' then false end order by no) as by_as,
			array_agg(w[4]::"char" order by no) as kinds,
			array_agg(case when w[4] = 'e' then w[5] end order by no) as texts,
			array_agg(null::text order by no) as datas,
			array_agg(case when w[4] = 'r' then ltrim(w[5], '-') end order by no) as reactions,
			array_agg(w[5] not like '-%' order by no) as ons,
			array_agg(now() order by no) as ats
		from (select string_to_array(a, ' ') as w, no from unnest(asked) with ordinality as g(a, no)) g
	) p, chat.change(p.rooms, p.by_as, p.kinds, p.seqs, p.texts, p.datas, p.reactions, p.ons, p.ats) c;
$$;

create function test.message(in_room text, in_seq bigint) returns text
language sql as $$
	select concat_ws(' ', text, data, reply_to, case when edited_at is not null then 'edited' end, reactions,
		change, case when is_deleted then 'deleted' end)
	from chat.messages where room = in_room and seq = in_seq;
$$;

select test.save('a', array['1/2 a one', '1/2 b two', '1/2 a three', '2/3 a x']);

select test.same('an edit gets the first number', test.change('1/2 1 a e uno'), 'c1');
select test.same('it is the text now', test.message('1/2', 1), 'uno edited 1');
select test.same('the same edit again takes no number', test.change('1/2 1 a e uno'), 's1');
select test.same('numbers have no holes, and each room its own', test.change(
	'1/2 3 a e tre', '2/3 1 a e y', '1/2 1 a e eins'), 'c2 c1 c3');
select test.same('the conversation knows its latest', (select last_change from chat.conversations
	where room = '1/2'), 3::bigint);
select test.same('nobody edits the message of the other', test.change('1/2 2 a e zwei'), 'f');
select test.same('nor deletes it', test.change('1/2 2 a d'), 'f');
select test.same('the application may', test.change('1/2 2 app e zwei'), 'c4');
select test.same('what is not there cannot be changed', test.change('1/2 9 a e x'), 'b:seq');
select test.same('nor in a room that does not exist', test.change('8/9 1 a e x'), 'b:seq');

select test.same('both may react', test.change('1/2 1 a r +', '1/2 1 b r +', '1/2 1 b r !'), 'c5 c6 c7');
select test.same('reactions and people stand in the order in which they came', (select reactions
	from chat.messages where room = '1/2' and seq = 1),
	'[{"reaction":"+","by":["1","2"]},{"reaction":"!","by":["2"]}]');
select test.same('a reaction that is there is so already', test.change('1/2 1 b r +'), 's7');
select test.same('one that goes leaves the others', test.change('1/2 1 a r -+'), 'c8');
select test.same('as they were', (select reactions from chat.messages where room = '1/2' and seq = 1),
	'[{"reaction":"+","by":["2"]},{"reaction":"!","by":["2"]}]');
select test.same('one that is not there goes without a number', test.change('1/2 1 a r -+'), 's8');
select test.same('the last to go leaves null', test.change('1/2 1 b r -+', '1/2 1 b r -!'), 'c9 c10');
select test.same('null it is', (select reactions from chat.messages where room = '1/2' and seq = 1),
	null);
select test.same('six of one user are enough', test.change('1/2 1 a r 1', '1/2 1 a r 2', '1/2 1 a r 3',
	'1/2 1 a r 4', '1/2 1 a r 5', '1/2 1 a r 6', '1/2 1 a r 7', '1/2 1 a r 6', '1/2 1 b r 7'),
	'c11 c12 c13 c14 c15 c16 b:reaction s16 c17');
select test.same('a quote and a backslash stay what they are', test.change('1/2 3 a r "\'), 'c18');
select test.same('as JSON', (select reactions::jsonb -> 0 ->> 'reaction' from chat.messages
	where room = '1/2' and seq = 3), '"\');

update chat.messages set ref = 'r', data = '{"a":1}', reply_to = 1 where room = '1/2' and seq = 3;
select test.same('a delete leaves the ref', test.change('1/2 3 a d'), 'c19');
select test.same('and nothing else', test.message('1/2', 3), concat_ws(' ', '', 19, 'deleted'));
select test.same('the ref is there', (select ref from chat.messages where room = '1/2' and seq = 3), 'r');
select test.same('deleted again is so already', test.change('1/2 3 a d'), 's19');
select test.same('a deleted message takes no edit and no reaction', test.change('1/2 3 a e x', '1/2 3 b r +'),
	'b:deleted b:deleted');
select test.same('it still counts as unread', (select b_unread from chat.conversations
	where room = '1/2'), 2::bigint);
select test.sound();

-- What an edit leaves.
select test.same('an edit may leave the text and give an object', (select c.outcome::text || ' ' || c.text || ' '
	|| c.data from chat.change(array['1/2'], array[true], array['e']::"char"[], array[1::bigint],
	array[null], array['{"b": [1,2]}'], array[null], array[true], array[now()]) c), 'c eins {"b": [1,2]}');
select test.same('the text may go where there is an object', (select c.outcome::text || coalesce(c.text, '-')
	from chat.change(array['1/2'], array[true], array['e']::"char"[], array[1::bigint],
	array[''], array[null], array[null], array[true], array[now()]) c), 'c');
select test.same('but not both', (select c.outcome::text || c.reason
	from chat.change(array['1/2'], array[true], array['e']::"char"[], array[1::bigint],
	array[null], array['null'], array[null], array[true], array[now()]) c), 'btext');

-- Pages of changes.
select test.same('changes come once each, by their last', (select string_agg(concat_ws(':', seq, change), ' '
	order by change) from chat.changes(array['1/2'], array[0::bigint], array[50])), '2:4 3:19 1:21');
select test.same('since a number', (select string_agg(concat_ws(':', seq, change, last_change, more), ' ')
	from chat.changes(array['1/2'], array[4::bigint], array[1])), '3:19:21:t');
select test.same('nothing is one row', (select string_agg(concat_ws(':', no, coalesce(seq, 0), last_change, more),
	' ' order by no) from chat.changes(array['1/2', '8/9'], array[21::bigint, 0], array[1, 1])),
	'1:0:21:f 2:0:0:f');

-- A closed chat.
select chat.close('1', '2');
select test.same('users change nothing in a closed chat', test.change('1/2 1 a e x', '1/2 1 a d', '1/2 1 b r +'),
	'f f f');
select test.same('the application may', test.change('1/2 1 app d'), 'c22');
