/* uthash as this project uses it: a failed allocation leaves the element out (its hh.tbl is NULL)
 * instead of ending the process, and hash values come from siphash with a secret key, so nobody can
 * choose ids that collide. */
#ifndef CHAT_HASH_H
#define CHAT_HASH_H

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

#endif
