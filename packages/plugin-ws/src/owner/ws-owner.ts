/**
 * The WebSocket modes in the owner's thread: pure translation.
 * @module
 */
import { type OwnerHalf, type OwnerPort, Question } from '@unisock/kernel/plugin'
import { HydrogenCommand } from '../hydrogen/owner/command.ts'
import * as hydrogen from '../hydrogen/owner/owner-half.ts'
import type { ToOwnerWire } from '../hydrogen/wire.ts'
import type { AdmissionWire, Identity, QuestionWire, ReceivedWire, VerdictWire, VerifyWire } from '../wire.ts'
import { Admission } from './admission.ts'
import { toMessage } from './message.ts'
import { VerifyQuestion } from './verify-question.ts'
import { toWire } from './write.ts'

/** Hydrogen's begin with a word. Of the others, messages come on connections, and what comes on a listener is a question. */
function receive(wire: ReceivedWire | QuestionWire | ToOwnerWire, port: OwnerPort, bytes: number): unknown {
  if (typeof wire[0] === 'string') return hydrogen.receive(wire as ToOwnerWire, port, bytes)
  if (wire.length === 4) return toMessage(wire as ReceivedWire)
  return wire.length === 3 ? new VerifyQuestion(wire as VerifyWire) : new Admission(wire as AdmissionWire)
}

/** What the function of WS_AUTH, of HYDROGEN_VERIFY or of a channel returned. */
function result(value: unknown, port: OwnerPort, message: unknown): void {
  if (HydrogenCommand.is(message)) hydrogen.result(value, port, message)
  else if (isIdentity(value)) answer(port, message, true, value)
  else answer(port, message, value === true)
}

function returned(value: unknown, port: OwnerPort, message: unknown): void {
  if (HydrogenCommand.is(message)) hydrogen.returned(value, port, message)
}

function unhandled(port: OwnerPort, message: unknown): void {
  if (HydrogenCommand.is(message)) hydrogen.unhandled(port, message)
}

function isIdentity(value: unknown): value is Identity {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** It threw: nobody is admitted by that, and the error goes its way unless a client is told of it. */
function failure(error: unknown, port: OwnerPort, message: unknown): boolean {
  if (HydrogenCommand.is(message)) return HydrogenCommand.threw(message, error)
  answer(port, message, null)
  return false
}

function answer(
  port: OwnerPort,
  message: unknown,
  admitted: boolean | null,
  identity: Identity | null = null,
): void {
  const id = Question.idOf(message)
  if (id !== undefined) port.send([id, admitted, identity] satisfies VerdictWire)
}

export const wsOwner: OwnerHalf = {
  receive: receive as OwnerHalf['receive'] & object,
  encode: toWire,
  result,
  returned,
  unhandled,
  failure,
}
