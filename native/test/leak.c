/* Leaks on purpose: a sanitized build whose leak detection is off would pass everything else. */
#include <stdlib.h>

int main(void) {
    void *volatile lost = malloc(100);
    lost = NULL;
    return lost != NULL;
}
