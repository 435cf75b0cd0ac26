/* What examples use of Zephyr's header of this name. */
void printk(const char* format, ...);
