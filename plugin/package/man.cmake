# Writes the manual page: its options are those of OPERATING.md's table, so that they are told once.
#
# cmake -DOPERATING=<OPERATING.md> -DVERSION=<x.y.z> -DINTO=<file> -P man.cmake

# Markdown's `code`, **bold** and [links](to) as a terminal shows them.
function(roff into text)
	string(REPLACE "\\|" "|" text "${text}")
	string(REPLACE "\\" "\\e" text "${text}")
	string(REPLACE "-" "\\-" text "${text}")
	string(REGEX REPLACE "\\[([^]]*)\\]\\([^)]*\\)" "\\1" text "${text}")
	string(REGEX REPLACE "`([^`]*)`" "\\\\fB\\1\\\\fR" text "${text}")
	string(REGEX REPLACE "\\*\\*([^*]*)\\*\\*" "\\\\fB\\1\\\\fR" text "${text}")
	set(${into} "${text}" PARENT_SCOPE)
endfunction()

set(page ".TH MOSQUITTO\\-CHAT 7 \"\" \"mosquitto\\-chat ${VERSION}\"
.SH NAME
mosquitto\\-chat \\- one\\-on\\-one chat, as a plugin of the MQTT broker Mosquitto
.SH SYNOPSIS
.nf
plugin mosquitto_chat.so
plugin_opt_database \\fIconnection string\\fR
plugin_opt_secret_file \\fIfile\\fR
.fi
.SH DESCRIPTION
An application that has users already lets them chat with each other: it signs a token for each, browsers and phones speak MQTT to
.BR mosquitto (8),
and the plugin stores what they say in PostgreSQL. Its lines stand in
.BR mosquitto.conf (5),
above those of other plugins.
.PP
/usr/share/doc/mosquitto\\-chat/OPERATING.md says how to install it, step by step, what to watch and what to do when things go wrong;
/usr/share/doc/mosquitto\\-chat/mosquitto.conf.example is a configuration to begin with;
/usr/share/mosquitto\\-chat/sql/install.sql makes and upgrades the schema.
.SH OPTIONS
An option that is unknown, or has a value that makes no sense, keeps the broker from starting, with a line in the log that names it.
")

# A line's brackets and semicolons would take a list apart.
file(READ ${OPERATING} document)
string(REGEX REPLACE "\n## Upgrading.*" "" table "${document}")
string(REGEX REPLACE ".*\n## Options\n" "" table "${table}")
set(count 0)
while(table MATCHES "\n\\| `(plugin_opt_[a-z_]+)` \\| ([^|\n]*) \\| ([^\n]*) \\|")
	set(name "${CMAKE_MATCH_1}")
	set(preset "${CMAKE_MATCH_2}")
	set(what "${CMAKE_MATCH_3}")
	string(FIND "${table}" "\n| `${name}`" at)
	math(EXPR at "${at} + 1")
	string(SUBSTRING "${table}" ${at} -1 table)
	string(FIND "${table}" "\n" at)
	string(SUBSTRING "${table}" ${at} -1 table)
	roff(preset "${preset}")
	roff(what "${what}")
	roff(name "${name}")
	string(APPEND page ".TP\n.B ${name}\n(default: ${preset}) ${what}.\n")
	math(EXPR count "${count} + 1")
endwhile()
if(count LESS 10)
	message(FATAL_ERROR "${OPERATING} has ${count} options in its table: has its form changed?")
endif()

string(APPEND page ".SH SEE ALSO
.BR mosquitto (8),
.BR mosquitto.conf (5),
.BR psql (1)
")
file(WRITE ${INTO} "${page}")
