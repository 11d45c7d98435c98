-- Waits until no other installation is running in this database; the caller lets go of the lock.
--
-- Between its tries it has no transaction open, because the other one waits for the end of all that are
-- older than its indexes.
do $$
begin
	while not pg_try_advisory_lock(hashtext('mosquitto-chat install')) loop
		commit;
		perform pg_sleep(0.2);
		commit;
	end loop;
end;
$$;
