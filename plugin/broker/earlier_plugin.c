#include "earlier_plugin.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>

/* Does this shared object itself, not one that it depends on, have what makes a plugin? */
static bool is_plugin(const char *path)
{
	static const char *const names[] = {
		"mosquitto_plugin_version", "mosquitto_auth_plugin_version"};
	void *object = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);
	bool found = false;
	for (size_t i = 0; object != NULL && i < sizeof(names) / sizeof(names[0]); i++) {
		Dl_info where;
		void *symbol = dlsym(object, names[i]);
		found |= symbol != NULL && dladdr(symbol, &where) != 0 &&
		         strcmp(where.dli_fname, path) == 0;
	}
	if (object != NULL) {
		dlclose(object);
	}
	return found;
}

bool earlier_plugin_find(const void *own, char path[EARLIER_PLUGIN_PATH_MAX])
{
	Dl_info us;
	void *program = dlopen(NULL, RTLD_LAZY);
	struct link_map *map = NULL;
	bool found = false;
	if (program == NULL || dladdr(own, &us) == 0 ||
		dlinfo(program, RTLD_DI_LINKMAP, &map) != 0) {
		map = NULL;
	}
	/* The program comes first, with an empty name. */
	for (; map != NULL && !found; map = map->l_next) {
		if (map->l_name[0] != '\0' && strcmp(map->l_name, us.dli_fname) != 0 &&
			is_plugin(map->l_name)) {
			snprintf(path, EARLIER_PLUGIN_PATH_MAX, "%s", map->l_name);
			found = true;
		}
	}
	if (program != NULL) {
		dlclose(program);
	}
	return found;
}
