/* CRC-32C (Castagnoli), the checksum of the journal.  In software, eight bytes at a time: some
 * 100 ns for a short message. */
#ifndef CHAT_CRC32C_H
#define CHAT_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from `sum` (0 to begin): the sum of two pieces one after the other is that of both. */
uint32_t crc32c(uint32_t sum, const void *bytes, size_t len);

#endif
