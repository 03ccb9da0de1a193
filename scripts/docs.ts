/**
 * Writes docs/options.md, docs/errors.md and docs/hydrogen-codes.md.
 */
import { writeFile } from 'node:fs/promises'
import { external } from '../packages/plugin-external/src/index.ts'
import { http } from '../packages/plugin-http/src/index.ts'
import { mqtt } from '../packages/plugin-mqtt/src/index.ts'
import { net } from '../packages/plugin-net/src/index.ts'
import { rest } from '../packages/plugin-rest/src/index.ts'
import { ws } from '../packages/plugin-ws/src/index.ts'
import { errorsPage, hydrogenCodesPage, optionsPage } from './reference.ts'

export const PAGES: Readonly<Record<string, string>> = {
  'docs/options.md': optionsPage([
    net().definition,
    http().definition,
    rest().definition,
    ws().definition,
    mqtt().definition,
    external().definition,
  ]),
  'docs/errors.md': errorsPage(),
  'docs/hydrogen-codes.md': hydrogenCodesPage(),
}

if (import.meta.main)
  for (const [path, page] of Object.entries(PAGES))
    await writeFile(new URL(`../${path}`, import.meta.url), page)
