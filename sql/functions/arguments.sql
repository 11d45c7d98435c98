-- What the application's functions accept: the same ids, texts and objects as the wire does.  Each of
-- these raises 22023 (invalid_parameter_value) with a sentence that names the argument and does not
-- quote it.  For the functions of this schema only.

-- The room of two users, the shorter id first, ids of one length in byte order.
create or replace function chat.room_of(a text, b text) returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
	perform chat.check_id(a);
	perform chat.check_id(b);
	if a = b then
		raise exception 'chat: a chat has two users, not one' using errcode = '22023';
	end if;
	if length(a) < length(b) or (length(a) = length(b) and a collate "C" < b collate "C") then
		return a || '/' || b;
	end if;
	return b || '/' || a;
end;
$$;

-- Raises unless it is a user's id.
create or replace function chat.check_id(id text) returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
	if id is null or id collate "C" !~ '^[A-Za-z0-9_.@~=-]{1,64}$' then
		raise exception 'chat: a user id has 1 to 64 characters of A-Z a-z 0-9 _ . @ ~ = -'
			using errcode = '22023';
	end if;
end;
$$;

-- Raises unless a message can have the text and the object: null stands for the empty text and for no
-- object.
create or replace function chat.check_content(content text, data jsonb) returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
	if coalesce(content, '') = '' and data is null then
		raise exception 'chat: a message has a text or data' using errcode = '22023';
	end if;
	perform chat.check_text(content);
	perform chat.check_data(data);
end;
$$;

create or replace function chat.check_text(content text) returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
	if octet_length(content) > 16384 then
		raise exception 'chat: a text has at most 16384 bytes' using errcode = '22023';
	end if;
end;
$$;

-- The depth is counted by taking away the innermost brackets, all at once, until none is left.
create or replace function chat.check_data(data jsonb) returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
	brackets text;
	depth integer := 0;
begin
	if data is null then
		return;
	end if;
	if jsonb_typeof(data) <> 'object' or octet_length(data::text) > 8192 then
		raise exception 'chat: data is an object of at most 8192 bytes' using errcode = '22023';
	end if;
	brackets := regexp_replace(data::text, '"([^"\\]|\\.)*"', '', 'g');
	brackets := regexp_replace(brackets, '[^][{}]', '', 'g');
	while brackets <> '' loop
		brackets := regexp_replace(brackets, '\[\]|\{\}', '', 'g');
		depth := depth + 1;
	end loop;
	if depth > 16 then
		raise exception 'chat: data has at most 16 levels' using errcode = '22023';
	end if;
end;
$$;

create or replace function chat.check_seq(seq bigint) returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
	if seq is null or seq < 1 then
		raise exception 'chat: seq is a number from 1' using errcode = '22023';
	end if;
end;
$$;

-- How many a call may take at most.
create or replace function chat.check_most(most integer) returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
	if most is null or most < 1 then
		raise exception 'chat: a number from 1 is needed' using errcode = '22023';
	end if;
end;
$$;
