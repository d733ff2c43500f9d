/* Loaded before libc (LD_PRELOAD), it makes every drive one that can't do some things. Each of these
   variables, where it is set, is the error (a number of errno.h) of

     FOLDER_FSYNC  fsync of a folder, but for the first FOLDER_FSYNC_SPARES times
     FLOCK         flock
*/
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int number(const char *name)
{
    const char *value = getenv(name);
    return value ? atoi(value) : 0;
}

int fsync(int descriptor)
{
    static int calls;
    struct stat status;
    int error = number("FOLDER_FSYNC");
    if (error && fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode)
        && calls++ >= number("FOLDER_FSYNC_SPARES")) {
        errno = error;
        return -1;
    }
    return (int) syscall(SYS_fsync, descriptor);
}

int flock(int descriptor, int operation)
{
    int error = number("FLOCK");
    if (error) {
        errno = error;
        return -1;
    }
    return (int) syscall(SYS_flock, descriptor, operation);
}
