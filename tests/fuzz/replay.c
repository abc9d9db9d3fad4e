/* Runs a fuzz target over files and folders of inputs, without libFuzzer: what was once found stays found. */
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned inputs;

/* The buffer is as long as the input, so that a sanitizer sees a read past its end. */
static int replay(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	size_t size = (size_t)st->st_size;
	uint8_t *data;
	FILE *f;
	int rc = -1;

	(void)ftw;
	if (type != FTW_F)
		return 0;
	data = malloc(size);
	f = fopen(path, "rb");
	if (f && (size == 0 || (data && fread(data, 1, size, f) == size))) {
		printf("%s\n", path);
		fflush(stdout);
		rc = LLVMFuzzerTestOneInput(data, size);
		inputs++;
	}
	if (f)
		fclose(f);
	free(data);
	return rc;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (nftw(argv[i], replay, 8, FTW_PHYS) != 0) {
			perror(argv[i]);
			return EXIT_FAILURE;
		}
	}
	return inputs > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
