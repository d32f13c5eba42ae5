// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "maps.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "places.h"
#include "uapi/tcpstates.h"

#define MAPS	8
#define FEW	(64 * PAGE)

/*
 * The lock is held while one is changed, not while it is looked at: so a look
 * may find it gone, or something else there.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct map {
	char *begin;
	size_t size;
} maps[MAPS];

static void forget(struct map *map)
{
	if (map->begin)
		munmap(map->begin, map->size);
	map->begin = NULL;
}

static size_t round_up(size_t size)
{
	return (size + PAGE - 1) & ~(PAGE - 1);
}

static void may_fail(const char *what, bool fine)
{
	if (!fine && errno != EBADF)
		err(1, "%s", what);
}

/* Nobody may get at them but for reading. */
static void make(int file, size_t size, int protection, int flags, off_t offset,
		 struct map *to)
{
	char *begin = mmap(NULL, size, protection, flags, file, offset);

	if (begin == MAP_FAILED) {
		may_fail("mmap", errno == EPERM || errno == EINVAL ||
			 errno == EACCES || errno == ENOMEM ||
			 errno == EOVERFLOW || errno == EAGAIN ||
			 errno == EOPNOTSUPP || errno == ENODEV);
		return;
	}
	if (protection & PROT_WRITE || !(flags & MAP_SHARED))
		errx(1, "mmap: got protection %d, flags %#x", protection,
		     flags);
	forget(to);
	to->begin = begin;
	to->size = round_up(size);
}

void maps_make(int file, struct random *random)
{
	static const int protections[] = {
		PROT_READ, PROT_READ, PROT_READ, PROT_NONE,
		PROT_READ | PROT_WRITE, PROT_WRITE, PROT_READ | PROT_EXEC,
	};
	static const int flags[] = {
		MAP_SHARED, MAP_SHARED, MAP_SHARED, MAP_PRIVATE,
		MAP_SHARED | MAP_POPULATE, MAP_SHARED_VALIDATE,
		MAP_SHARED | MAP_LOCKED, MAP_SHARED | MAP_NORESERVE,
	};
	struct tcpstates_info info = { 0 };
	int flag = RANDOM_OF(random, flags);
	unsigned long long all, size, offset;

	if (ioctl(file, TCPSTATES_IOC_GET_INFO, &info))
		return;
	all = info.map_ring * info.cpus;
	size = random_once_in(random, 3) ? all :
	       random_below(random, all + 2 * PAGE + 1);
	offset = random_once_in(random, 2) ? 0 :
		 random_below(random, all / PAGE + 2) * PAGE;
	/* To have all of it in place at once takes long. */
	if (flag & (MAP_POPULATE | MAP_LOCKED) && size > FEW)
		size = FEW;
	if (random_once_in(random, 20))
		size = random_next(random);
	if (random_once_in(random, 20))
		offset = random_next(random);
	pthread_mutex_lock(&lock);
	make(file, size, RANDOM_OF(random, protections), flag, offset,
	     &maps[random_below(random, MAPS)]);
	pthread_mutex_unlock(&lock);
}

/* Racy on purpose. */
void maps_touch(struct random *random)
{
	const struct map *map = &maps[random_below(random, MAPS)];
	const char *begin = __atomic_load_n(&map->begin, __ATOMIC_RELAXED);
	size_t size = __atomic_load_n(&map->size, __ATOMIC_RELAXED);

	if (begin && size)
		places_touch(begin + random_below(random, size));
}

/* What may write where the program itself may not. */
static void write_through_proc(const struct map *map)
{
	int memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);

	if (memory < 0)
		return;
	if (pwrite(memory, "", 1, (off_t)(uintptr_t)map->begin) > 0)
		errx(1, "written to through /proc/self/mem");
	close(memory);
}

static void move(struct map *map, size_t size)
{
	char *begin = mremap(map->begin, map->size, size, MREMAP_MAYMOVE);

	if (begin == MAP_FAILED)
		return;
	if (size > map->size)
		errx(1, "mremap: grown");
	map->begin = begin;
	map->size = size;
}

/*
 * Take out some pages, perhaps from the middle; what is before them stays, or
 * else what is behind them. The rest must go: it might become somebody else's.
 */
static void cut(struct map *map, struct random *random)
{
	size_t pages = map->size / PAGE, first = random_below(random, pages);
	size_t count = 1 + random_below(random, pages - first);

	munmap(map->begin + first * PAGE, count * PAGE);
	if (first) {
		if (first + count < pages)
			munmap(map->begin + (first + count) * PAGE,
			       (pages - first - count) * PAGE);
		map->size = first * PAGE;
	} else {
		map->begin = count < pages ? map->begin + count * PAGE : NULL;
		map->size -= count * PAGE;
	}
}

void maps_change(struct random *random)
{
	static const int advices[] = {
		MADV_DONTNEED, MADV_WILLNEED, MADV_DONTFORK, MADV_DOFORK,
		MADV_HUGEPAGE, MADV_MERGEABLE, MADV_REMOVE, MADV_FREE,
		MADV_DODUMP, MADV_COLD, MADV_PAGEOUT, MADV_POPULATE_READ,
		MADV_POPULATE_WRITE,
	};
	struct map *map = &maps[random_below(random, MAPS)];

	pthread_mutex_lock(&lock);
	if (map->begin && map->size) {
		switch (random_below(random, 7)) {
		case 0:
			move(map, map->size + PAGE);
			break;
		case 1:
			if (map->size > PAGE)
				move(map, map->size - PAGE);
			break;
		case 2:
			if (!mprotect(map->begin, PAGE, PROT_READ | PROT_WRITE))
				errx(1, "mprotect: may be written to");
			break;
		case 3:
			mprotect(map->begin, PAGE, PROT_NONE);
			break;
		case 4:
			madvise(map->begin, map->size < FEW ? map->size : FEW,
				RANDOM_OF(random, advices));
			break;
		case 5:
			write_through_proc(map);
			break;
		default:
			cut(map, random);
			if (random_once_in(random, 2))
				forget(map);
		}
	}
	pthread_mutex_unlock(&lock);
}
