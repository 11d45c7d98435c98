/* Loads the plugin as Mosquitto does, with musl's loader, and asks it which interface it has. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	void *plugin = argc > 1 ? dlopen(argv[1], RTLD_NOW) : NULL;
	if (plugin == NULL) {
		fprintf(stderr, "cannot be loaded: %s\n", dlerror());
		return EXIT_FAILURE;
	}
	int (*version)(int count, const int *versions);
	*(void **)&version = dlsym(plugin, "mosquitto_plugin_version");
	const int known[] = {2, 3, 4, 5};
	if (version == NULL || version(4, known) != 5) {
		fprintf(stderr, "is no plugin of version 5\n");
		return EXIT_FAILURE;
	}
	printf("is loaded\n");
	return EXIT_SUCCESS;
}
