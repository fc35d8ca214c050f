# SPDX-License-Identifier: Apache-2.0
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.PHONY: help demo stop clean setup setup-test viewer test check lock bench

help:
	@echo 'make demo    安装缺少的软件,载入演示街区,启动服务   install, load the demo district, serve'
	@echo '             端口 port: TWIN_PORT=8000'
	@echo 'make stop    停止服务和内嵌数据库                   stop the services and the embedded database'
	@echo 'make clean   停止,并删除数据、环境和构建结果        stop, delete data, environment and builds'
	@echo 'make setup   只安装,不载入                          install only'
	@echo 'make test    全部检查和测试                         every check and test'
	@echo 'make check   静态检查                               static checks'
	@echo 'make lock    重新生成依赖锁                         renew the lock files'
	@echo 'make bench   与同类软件并排测速                     benchmarks beside peers'

demo:
	@scripts/demo.sh

stop:
	@scripts/stop.sh stop

clean:
	@scripts/stop.sh clean

setup:
	@scripts/install.sh runtime

setup-test:
	@scripts/install.sh test

viewer:
	@scripts/install-viewer.sh build

test:
	@scripts/test.sh

check: setup-test
	@scripts/check.sh

lock: setup
	@scripts/lock.sh

bench: setup-test
	@.venv/bin/python -m bench
