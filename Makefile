# SPDX-License-Identifier: GPL-2.0
# Targets for people; the kernel's build system reads Kbuild instead.

# The kernel to build for: the folder of its build or of its headers. By
# default that of the running kernel, else the newest that is installed.
KDIR ?= $(shell for d in /lib/modules/*/build /usr/src/linux-headers-*; do \
		f=$$d/include/generated/utsrelease.h; \
		[ ! -f $$f ] || sed "s|.*\"\(.*\)\".*|\1 $$d|" $$f; \
	done | sort -V | awk -v running="$$(uname -r)" '$$1 == running { \
		own = $$2 } { last = $$2 } END { print own ? own : last }')

# Debian's headers lack the vmlinux that a module's own BTF is made from.
KBUILD = $(MAKE) -C $(KDIR) M=$(CURDIR) \
	$(if $(wildcard $(KDIR)/vmlinux),,CONFIG_DEBUG_INFO_BTF_MODULES=)

release = $(shell sed 's/.*"\(.*\)".*/\1/' \
	$(KDIR)/include/generated/utsrelease.h)

.NOTPARALLEL:
.PHONY: all help module userspace install uninstall run check check-kernels \
	check-debug check-fleet check-packages deb sign fuzz fuzz-device flood soak unit litmus lint guest kernels-quick \
	bench clean deps-% kernelrelease

all: module userspace

help:
	@echo 'make             build tcpstates.ko and userspace/tcpstates'
	@echo 'make run         show real connections, live, in a virtual machine'
	@echo 'make run HOST=1  the same on the running kernel'
	@echo 'make check       run the tests: unit, fuzz, litmus, lint, guest...'
	@echo 'make check-kernels  the guest tests on every supported kernel'
	@echo 'make check-debug  the same on kernels that check themselves (QUICK=1)'
	@echo 'make check-fleet  alerts, with Prometheus; then check-packages'
	@echo 'make check-packages  install, upgrade, purge on Debian 12 and 13'
	@echo 'make deb         packages for Debian, in DEB (tests/.build/deb)'
	@echo 'make fuzz-device  hostile calls to the device, on such a kernel'
	@echo 'make flood       hostile traffic, a million segments at a time'
	@echo 'make soak        everything at once, for SOAK_SECONDS (KERNEL=kasan)'
	@echo 'make unit        tests of the pure parts, in user space'
	@echo 'make fuzz        hostile records, filters and bytes, in user space'
	@echo 'make litmus      all runs of the barriers, by a model checker'
	@echo 'make lint        checks of the source'
	@echo 'make guest       tests of the module, in a virtual machine'
	@echo 'make kernels-quick  some of those on the oldest and newest kernels'
	@echo 'make bench       what it costs, in executed instructions'
	@echo 'make sign        sign the module with KEY= and CERT=, for Secure Boot'
	@echo 'make install     install module and command (DESTDIR, PREFIX)'
	@echo 'make uninstall   remove what "make install" has installed'
	@echo 'make clean       remove what was built'
	@echo
	@echo 'Each installs the packages that it lacks; see tests/README.md.'
	@echo 'KDIR=FOLDER chooses the kernel that the module is built for.'

module: deps-build
	@[ -n "$(KDIR)" ] || { echo "no kernel headers; set KDIR=" >&2; exit 1; }
	$(KBUILD) modules

userspace: deps-build
	$(MAKE) -C userspace

# For Secure Boot: a key that the machine trusts, see README.md.
sign: module
	@[ -n "$(KEY)" ] && [ -n "$(CERT)" ] || { \
		echo "sign: name the key and its certificate: KEY= CERT=" >&2; \
		exit 1; }
	$(KDIR)/scripts/sign-file sha256 $(KEY) $(CERT) tcpstates.ko

# A package (DESTDIR) leaves depmod to the machine where it gets installed.
install: all
	$(KBUILD) INSTALL_MOD_PATH=$(DESTDIR) DEPMOD=true modules_install
	$(if $(DESTDIR),,depmod -a $(release))
	$(MAKE) -C userspace install

# Where modules_install has put the module depends on the kernel; the module of
# DKMS is in another folder, and stays.
uninstall:
	rm -f $(foreach d,extra updates,$(wildcard \
		$(DESTDIR)/lib/modules/$(release)/$d/tcpstates.ko*))
	$(if $(DESTDIR),,depmod -a $(release))
	$(MAKE) -C userspace uninstall

ifdef HOST
run: all
	@tests/vm/host
else
run: deps-run all
	@if [ -t 0 ] && [ -t 1 ]; then \
		tests/vm/run --smp 1 --interactive --timeout 86400 -- \
			sh /vm/demo stay; \
	else \
		tests/vm/run --smp 1 -- sh /vm/demo; \
	fi
endif

# DEBUG=1 adds check-debug QUICK=1, which may have a kernel to build first.
check: deps-unit deps-fuzz deps-litmus deps-lint deps-guest deps-vm deps-kernels all
	@$(MAKE) -s -C tests/guest
	@tests/run guest unload kernels-quick $(if $(DEBUG),debug-quick) fleet + \
		unit fuzz litmus lint

# QUICK=1 for a selection of the tests, on one of the kernels.
check-debug: deps-kernels deps-guest deps-vm all
	@$(MAKE) -s -C tests/guest
	@tests/run $(if $(QUICK),debug-quick,debug)

# From a leaking program to a page, with Debian's Prometheus and Alertmanager.
# And the packages, by which it gets there.
check-fleet: deps-kernels deps-guest deps-vm deps-packages all
	@$(MAKE) -s -C tests/guest
	@tests/run fleet packages

check-packages: deps-kernels deps-vm deps-packages
	@tests/run packages

# From a copy, since it writes into the folder above.
DEB ?= $(CURDIR)/tests/.build/deb
deb: deps-packages
	@rm -rf $(DEB)/tcpstates
	@mkdir -p $(DEB)/tcpstates
	@git ls-files -z | tar -c --null -T - | tar -x -C $(DEB)/tcpstates
	@cd $(DEB)/tcpstates && dpkg-buildpackage -us -uc -b >../log 2>&1 || \
		{ tail -n 20 ../log >&2; exit 1; }
	@rm -rf $(DEB)/tcpstates
	@ls $(DEB)/*.deb

# Hostile calls to the device, twice FUZZ_SECONDS (600), on a debugging kernel.
fuzz-device: deps-kernels deps-guest deps-vm all
	@$(MAKE) -s -C tests/guest
	@tests/kernels/fuzz

# Floods and scans at full length: FLOOD_SEGMENTS (1000000), FLOOD_TIME_WAIT
# (100000); KERNEL=kasan and the like for one that checks itself.
flood: deps-kernels deps-guest deps-vm all
	@$(MAKE) -s -C tests/guest
	@tests/kernels/flood $(KERNEL)

# Everything at once, for SOAK_SECONDS (3600), as STORM_SEED chooses; KERNEL=kasan
# and the like for one that checks itself.
soak: deps-kernels deps-guest deps-vm all
	@$(MAKE) -s -C tests/guest
	@tests/kernels/soak $(KERNEL)

check-kernels: deps-kernels deps-guest deps-vm all
	@$(MAKE) -s -C tests/guest
	@tests/run kernels

kernels-quick: deps-kernels deps-guest deps-vm all
	@$(MAKE) -s -C tests/guest
	@tests/run kernels-quick

# New inputs for FUZZ_SECONDS (60) a target; make check has those of the corpus.
fuzz: deps-fuzz
	@tests/fuzz/run --long

unit litmus lint: %: deps-%
	@tests/run $@

guest: deps-guest deps-vm all
	@$(MAKE) -s -C tests/guest
	@tests/run guest unload

bench: deps-bench all
	@tests/bench/run --keep $(ROWS)

deps-%:
	@tests/deps $*

clean:
	$(MAKE) -C userspace clean
	$(MAKE) -C tests/unit clean
	$(MAKE) -C tests/guest clean
	$(MAKE) -C tests/bench clean
	$(if $(KDIR),$(KBUILD) clean)

# For scripts: the kernel that KDIR is of.
kernelrelease:
	@echo $(release)
