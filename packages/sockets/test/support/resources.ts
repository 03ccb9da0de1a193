/** Resources of tests that end with the block they are made in. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  connect,
  type DialOptions,
  type InetAddr,
  type ListenOptions,
  listen,
  type TcpServer,
  type TcpSocket,
} from '../../src/index.ts'

export interface Folder extends AsyncDisposable {
  readonly path: string
  file(name: string): string
}

/** A folder of its own, gone at the end. */
export async function temporaryFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'unisock-sockets-'))
  return {
    path,
    file: name => join(path, name),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  }
}

export interface Pair extends AsyncDisposable {
  readonly server: TcpServer
  readonly client: TcpSocket
  readonly accepted: TcpSocket
}

/** Two connected ends, over TCP or a local socket. */
export async function connectedPair(
  where: { path: string } | undefined = undefined,
  { listening = {}, connecting = {} }: { listening?: ListenOptions; connecting?: DialOptions } = {},
): Promise<Pair> {
  const server = where ? await listen(where, listening) : await listen(0, listening)
  const accepting = server.accept()
  const client = where
    ? await connect(where, connecting)
    : await connect((server.getSockName() as InetAddr).port, connecting)
  const accepted = await accepting
  return {
    server,
    client,
    accepted,
    async [Symbol.asyncDispose]() {
      server.close()
      await Promise.all([client.close({ abort: true }), accepted.close({ abort: true })])
    },
  }
}

/** The same over TCP, or over a local socket in a folder of its own. */
export async function pairOver(
  kind: 'tcp' | 'local',
  options?: Parameters<typeof connectedPair>[1],
): Promise<Pair> {
  if (kind === 'tcp') return connectedPair(undefined, options)
  const folder = await temporaryFolder()
  const ends = await connectedPair({ path: folder.file('s') }, options)
  return {
    ...ends,
    async [Symbol.asyncDispose]() {
      await ends[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

export function portOf(server: TcpServer): number {
  return (server.getSockName() as InetAddr).port
}
