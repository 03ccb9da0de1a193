/**
 * What the options of a program's socket ask for, once it is permitted.
 * @module
 */
import { type ChildStdio, type PluginSocket, SocketError, type SpawnRequest } from '@unisock/kernel/plugin'
import { EVENTFD_SERVICE, type EventfdService } from '../eventfd/service.ts'
import {
  EXTERNAL_ARGS,
  EXTERNAL_COMMAND,
  EXTERNAL_ENV,
  EXTERNAL_GROUP,
  EXTERNAL_INHERIT,
  EXTERNAL_KILL_GRACE,
  EXTERNAL_USER,
  EXTERNAL_WORKING_DIR,
} from '../options.ts'
import { permitCommand } from '../permits/command.ts'
import { permitsOf } from '../permits/permits.ts'
import { findAccount } from './accounts.ts'
import { limitsOf } from './limits.ts'
import { permitWorkingDir } from './working-dir.ts'

/** @throws {SocketError} `ESECURITY` for what is not permitted, `EINVAL` for an option that does not fit, `ENOENT`, `EACCES` */
export function spawnRequest(socket: PluginSocket, stdio: readonly ChildStdio[]): SpawnRequest {
  const command = socket.option(EXTERNAL_COMMAND) as string | undefined
  if (command === undefined) throw new SocketError('EINVAL', 'set EXTERNAL_COMMAND first')
  const permits = permitsOf(socket)
  const args = socket.option(EXTERNAL_ARGS)
  const { file, identity } = permitCommand(permits, command, args)
  const account = findAccount(socket.option(EXTERNAL_USER), socket.option(EXTERNAL_GROUP))
  const folder = socket.option(EXTERNAL_WORKING_DIR) as string | undefined
  return {
    file,
    identity,
    args,
    env: socket.option(EXTERNAL_ENV),
    ...(folder === undefined ? {} : permitWorkingDir(folder, permits, account)),
    ...account,
    wrapper: limitsOf(socket),
    grace: socket.option(EXTERNAL_KILL_GRACE) * 1000,
    stdio: [...stdio, ...inherited(socket)],
  }
}

function inherited(socket: PluginSocket): ChildStdio[] {
  const services = socket.option(EXTERNAL_INHERIT).map(fd => {
    const service = socket.offered<EventfdService>(fd, EVENTFD_SERVICE)
    if (service) return service
    throw new SocketError('EINVAL', `EXTERNAL_INHERIT: fd ${fd} is no eventfd of this worker`)
  })
  return services.map(service => ({ descriptor: service.duplicate() }))
}
