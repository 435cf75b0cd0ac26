/* What examples use of FreeRTOS's header of this name. */
typedef struct tskTaskControlBlock* TaskHandle_t;
typedef void (*TaskFunction_t)(void*);
void vPortEnterCritical(void);
void vPortExitCritical(void);
#define taskENTER_CRITICAL() vPortEnterCritical()
#define taskEXIT_CRITICAL() vPortExitCritical()
TickType_t xTaskGetTickCount(void);
BaseType_t xTaskDelayUntil(TickType_t* previous_wake_time, TickType_t increment);
TaskHandle_t xTaskCreateStatic(TaskFunction_t code, const char* name, uint32_t stack_depth, void* parameters, UBaseType_t priority, StackType_t* stack, StaticTask_t* buffer);
