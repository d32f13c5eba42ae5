// SPDX-License-Identifier: GPL-2.0
/*
 * Pages are mapped when they are accessed, since the ring of a CPU is allocated
 * when that CPU comes up. They belong to the module, which cannot be unloaded while
 * a file is open, and a mapping keeps its file open; so their references are not
 * counted, and they are not accounted to the reader.
 */
#include "map.h"

#include <linux/errno.h>
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "ring.h"
#include "stream.h"

/* A fault costs as much as reading about ten records; a page holds 21. */
#define PAGES_AT_ONCE	16UL

/**
 * tcps_map_stride() - distance from one CPU's ring to the next
 *
 * Context: any.
 * Return: bytes, a multiple of the page size.
 */
u64 tcps_map_stride(void)
{
	return TCPS_MAP_SLOTS +
	       PAGE_ALIGN((u64)tcps_stream_ring_records() *
			  sizeof(struct tcpstates_record));
}

/* The page frame number of page @page of the mapping, or 0 if it has none. */
static unsigned long frame_of(unsigned long page)
{
	unsigned long each = tcps_map_stride() >> PAGE_SHIFT;
	const struct tcps_ring *ring;

	if (page / each >= tcps_stream_ring_count())
		return 0;
	ring = tcps_stream_rings()[page / each];
	page %= each;
	if (!page)
		return virt_to_phys(ring->shared) >> PAGE_SHIFT;
	if (!tcps_ring_has_slots(ring))
		return 0;
	return vmalloc_to_pfn((char *)ring->slots +
			      ((page - 1) << PAGE_SHIFT));
}

/* Map the page that is accessed, and some behind it. */
static vm_fault_t on_fault(struct vm_fault *vmf)
{
	unsigned long first = vmf->address & PAGE_MASK, address;
	unsigned long end = min(first + PAGES_AT_ONCE * PAGE_SIZE,
				vmf->vma->vm_end);
	vm_fault_t ret = VM_FAULT_SIGBUS;

	for (address = first; address < end; address += PAGE_SIZE) {
		unsigned long page = (address - first) >> PAGE_SHIFT;
		unsigned long frame = frame_of(vmf->pgoff + page);

		if (!frame)
			break;
		ret = vmf_insert_pfn(vmf->vma, address, frame);
		if (ret != VM_FAULT_NOPAGE)
			break;
	}
	return address == first ? ret : VM_FAULT_NOPAGE;
}

static const struct vm_operations_struct operations = {
	.fault = on_fault,
};

/**
 * tcps_map() - map the rings
 * @vma: the mapping; its file may see all namespaces
 *
 * Context: process, with the mmap lock held for writing.
 * Return: 0; -EPERM for a mapping that can be written to or executed; -EINVAL for
 * a private mapping, or one beyond the last ring.
 */
int tcps_map(struct vm_area_struct *vma)
{
	u64 pages = (tcps_map_stride() >> PAGE_SHIFT) *
		    tcps_stream_ring_count();

	if (vma->vm_flags & (VM_WRITE | VM_EXEC))
		return -EPERM;
	/* VM_SHARED is cleared if the file is open for reading only. */
	if (!(vma->vm_flags & VM_MAYSHARE) || vma->vm_pgoff > pages ||
	    vma_pages(vma) > pages - vma->vm_pgoff)
		return -EINVAL;
	tcps_vm_flags_mod(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP,
			  VM_MAYWRITE | VM_MAYEXEC);
	vma->vm_ops = &operations;
	return 0;
}
