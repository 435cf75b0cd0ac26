/* What examples use of ESP-IDF's header of this name. */
#include <stdint.h>
int64_t esp_timer_get_time(void);
void app_main(void);
