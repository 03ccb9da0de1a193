/**
 * Apache and nginx as processes that end with the one that started them, however that ends.
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { WebServerConfig } from '@unisock/plugin-http'

export type Kind = 'apache' | 'nginx'

const MODULES = 'mpm_event authz_core headers proxy proxy_http proxy_fcgi'
/** Runs a program until its own input ends, and takes its folder away. */
const LEASH = '"$@" & child=$!; cat >/dev/null; kill $child; wait $child; rm -rf "$FOLDER"'

/** Resolves with the port once the server takes connections. */
export async function startWebServer(kind: Kind, config: WebServerConfig): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'unisock-bench-'))
  const port = await freePort()
  const file = join(folder, 'server.conf')
  writeFileSync(file, kind === 'apache' ? apache(folder, port, config) : nginx(folder, port, config))
  const command =
    kind === 'apache'
      ? ['/usr/sbin/apache2', '-f', file, '-D', 'FOREGROUND']
      : ['/usr/sbin/nginx', '-p', folder, '-c', file, '-g', 'daemon off;']
  const child = spawn('/bin/sh', ['-c', LEASH, 'sh', ...command], {
    stdio: ['pipe', 'ignore', 'inherit'],
    env: { ...process.env, FOLDER: folder },
  })
  await answering(port, child)
  return port
}

function apache(folder: string, port: number, config: WebServerConfig): string {
  const load = (name: string) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`
  return `ServerRoot ${folder}
ServerName localhost
PidFile ${folder}/pid
DefaultRuntimeDir ${folder}
Mutex file:${folder} default
ErrorLog ${folder}/error.log
Listen 127.0.0.1:${port}
${MODULES.split(' ').map(load).join('\n')}
${process.getuid?.() === 0 ? 'User www-data\nGroup www-data' : ''}
MaxKeepAliveRequests 0
${config.apache}`
}

function nginx(folder: string, port: number, config: WebServerConfig): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
pid ${folder}/pid;
error_log ${folder}/error.log;
events { worker_connections 1024; }
http {
access_log off;
keepalive_requests 1000000;
${temporary.map(name => `${name}_temp_path ${folder}/${name};`).join('\n')}
${config.nginx.http}
server {
listen 127.0.0.1:${port};
${config.nginx.server}
}
}
`
}

async function answering(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error('the web server has ended')
    const socket = connect(port, '127.0.0.1')
    const open = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (open) return
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
