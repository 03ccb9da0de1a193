/**
 * The page that says what is where.
 * @module
 */
import type { World } from './world.ts'

export interface Places {
  readonly api: string
  readonly docs: string
}

export function landingPage(world: World, { api, docs }: Places): string {
  const rooms = world
    .rooms()
    .map(room => `<li><a href="${api}/rooms/${room.id}">${escape(room.name)}</a> ${escape(room.description)}</li>`)
    .join('\n')
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Realm</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem; color: #24292f }
  h1 { font-weight: 600 } a { color: #0b57d0 } dt { font-weight: 600; margin-top: .8rem } dd { margin: 0 }
  code { background: #f2f4f7; padding: .1rem .3rem; border-radius: 4px }
</style>
<h1>Realm</h1>
<p>A small game world whose state lives in one thread, and whose protocols do not.</p>
<dl>
  <dt><a href="${docs}">Documentation</a></dt><dd>Every call of the API, to be tried out in the page.</dd>
  <dt><a href="${api}/realm"><code>${api}/realm</code></a></dt><dd>How the realm is.</dd>
  <dt><a href="${api}/players"><code>${api}/players</code></a></dt><dd>${world.players().length} players.</dd>
  <dt><a href="${docs}/json"><code>${docs}/json</code></a></dt><dd>The OpenAPI document.</dd>
</dl>
<h2>Rooms</h2>
<ul>
${rooms}
</ul>
</html>
`
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`)
}
