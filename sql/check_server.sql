-- Stops an installation that could not work, with a line that says why.
do $$
declare
	newest integer;
begin
	if current_setting('server_version_num')::integer < 130000 then
		raise exception 'mosquitto-chat needs PostgreSQL 13 or later, this is %',
			current_setting('server_version');
	end if;
	if current_setting('server_encoding') <> 'UTF8' then
		raise exception 'mosquitto-chat needs a database with encoding UTF8, this one has %',
			current_setting('server_encoding')
			using hint = 'create database chat encoding ''UTF8'' template template0';
	end if;
	if to_regclass('chat.schema_version') is not null then
		select max(version) into newest from chat.schema_version;
		if newest > 2 then
			raise exception 'schema chat has version % already, this is the install.sql of version 2',
				newest
				using hint = 'Run the install.sql of the newest release that you use.';
		end if;
	end if;
end;
$$;
