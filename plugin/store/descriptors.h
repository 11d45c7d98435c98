/* A table of file descriptors of its own for a thread.  As long as threads share one, the kernel
 * counts references at every look-up of a descriptor, and the broker's thread makes some 36 for a
 * message. */
#ifndef CHAT_DESCRIPTORS_H
#define CHAT_DESCRIPTORS_H

/* The calling thread keeps standard input, output and error, `keep`, and `also` (-1: none); the
 * other ones stay open in the rest of the process only.  Where that is not allowed, everything
 * stays as it was. */
void descriptors_part(int keep, int also);

#endif
