/**
 * The WebSocket modes in the owner's thread: pure translation.
 * @module
 */
import type { OwnerHalf, OwnerPort } from '@unisock/kernel/plugin'
import type { AdmissionWire, Identity, ReceivedWire, VerdictWire } from '../wire.ts'
import { Admission } from './admission.ts'
import { toMessage } from './message.ts'
import { toWire } from './write.ts'

/** Messages come on connections; what comes on a listener asks for admission. */
function receive(wire: ReceivedWire | AdmissionWire): unknown {
  return wire.length === 4 ? toMessage(wire) : new Admission(wire)
}

/** What the function of WS_AUTH returned. */
function result(value: unknown, port: OwnerPort, message: unknown): void {
  if (isIdentity(value)) answer(port, message, true, value)
  else answer(port, message, value === true)
}

function isIdentity(value: unknown): value is Identity {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** It threw: nobody is admitted by that, and the error goes its way. */
function failure(_error: unknown, port: OwnerPort, message: unknown): boolean {
  answer(port, message, null)
  return false
}

function answer(
  port: OwnerPort,
  message: unknown,
  admitted: boolean | null,
  identity: Identity | null = null,
): void {
  const id = Admission.idOf(message)
  if (id !== undefined) port.send([id, admitted, identity] satisfies VerdictWire)
}

export const wsOwner: OwnerHalf = {
  receive: receive as OwnerHalf['receive'] & object,
  encode: toWire,
  result,
  failure,
}
