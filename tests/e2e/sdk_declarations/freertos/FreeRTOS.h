/* What examples use of FreeRTOS's header of this name, as for a 32-bit port with static allocation. */
#include <stdint.h>
typedef uint32_t TickType_t;
typedef unsigned long UBaseType_t;
typedef long BaseType_t;
typedef uint32_t StackType_t;
typedef struct {
  void* opaque[24];
} StaticTask_t;
