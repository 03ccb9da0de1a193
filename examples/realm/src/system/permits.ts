/**
 * What the realm may run and watch: its own text filter, with words to mask, and the directory of its configuration.
 * @module
 */
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ExternalPermits } from '@unisock/plugin-external'
import { WORD } from '../config.ts'

/** The text filter: this Node, with a program that stands beside the realm's. */
export const FILTER_COMMAND = process.execPath
/** Its standard error is for what goes wrong, not for what a Node has to say of itself. */
export const FILTER_ARGS = ['--no-warnings', fileURLToPath(new URL('../mask.ts', import.meta.url))]

/** @param config the path of the configuration file */
export function realmPermits(config: string | undefined): ExternalPermits {
  return {
    commands: [{ path: FILTER_COMMAND, args: FILTER_ARGS, rest: WORD }],
    paths: config === undefined ? [] : [dirname(config)],
  }
}
