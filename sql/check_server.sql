-- Stops an installation that could not work, with a line that says why.
do $$
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
end;
$$;
