/**
 * The page that says what is where.
 * @module
 */
import type { Addr } from '@unisock/kernel'
import type { Room, World } from '../world.ts'

export interface Places {
  readonly api: string
  readonly docs: string
  readonly play: string
  readonly telnet: Pick<Addr, 'address' | 'port'>
  /** Of the broker that is told how the realm is. */
  readonly mqtt: string | undefined
}

export function landingPage(world: World, { api, docs, play, telnet, mqtt }: Places): string {
  const players = world.players().length
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Realm</title>
<link rel="icon" href="data:image/svg+xml,${encodeURIComponent(ICON)}">
<style>${STYLE}</style>
<header>
  <h1>Realm</h1>
  <p>A small game world whose state lives in one thread, and whose protocols do not.</p>
  <p><a class="button" href="${play}">Play</a> In this browser; or <code>telnet ${telnet.address} ${telnet.port}</code>,
  or the same in a MUD client.</p>
  <p><a class="button" href="${docs}">Documentation</a> Try every call of the API in the page.</p>
</header>
<main>
  <h2>Calls</h2>
  <table>
    <tr><td><a href="${api}/realm">${api}/realm</a><td>How the realm is
    <tr><td><a href="${api}/players">${api}/players</a><td>${players} ${players === 1 ? 'player' : 'players'}
    <tr><td><a href="${api}/rooms">${api}/rooms</a><td>${world.rooms().length} rooms
    <tr><td><a href="${docs}/json">${docs}/json</a><td>The OpenAPI document${mqtt === undefined ? '' : `\n    <tr><td>${escapeHtml(mqtt)}<td>Who plays, and how the realm is: <code>mud/#</code> by MQTT`}
  </table>
  <p>Calls that have a lock in the documentation need a token: <code>POST /login</code> gives one. The keeper's password is
  printed where the realm was started.</p>
  <h2>Rooms</h2>
  <div class="rooms">
${world
  .rooms()
  .map(room => card(room, world, api))
  .join('\n')}
  </div>
</main>
</html>
`
}

function card({ id, name, description, exits }: Room, world: World, api: string): string {
  const ways = Object.keys(exits).map(escapeHtml).join(', ')
  const here = world.players(id).map(player => escapeHtml(player.name))
  return `    <section>
      <h3><a href="${api}/rooms/${id}">${escapeHtml(name)}</a></h3>
      <p>${escapeHtml(description)}</p>
      <p class="exits">Exits: ${ways || 'none'}</p>${here.length > 0 ? `\n      <p class="people">Here: ${here.join(', ')}</p>` : ''}
    </section>`
}

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M2 15V6a6 6 0 0 1 12 0v9h-4V8a2 2 0 0 0-4 0v7z" fill="#2f6f4f"/></svg>`

const STYLE = `
  :root { color-scheme: light dark; --accent: light-dark(#2f6f4f, #7cc9a0); --line: light-dark(#d8dee4, #3a4149) }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 0 auto; padding: 3rem 1rem }
  h1 { font-size: 2.2rem; margin: 0 } h2 { margin: 2.2rem 0 .6rem; font-size: 1.2rem } h3 { margin: 0; font-size: 1rem }
  a { color: var(--accent) } p { margin: .5rem 0 }
  .button { background: var(--accent); color: Canvas; padding: .4rem .9rem; border-radius: 6px; text-decoration: none;
    font-weight: 600; margin-right: .6rem; display: inline-block }
  table { border-collapse: collapse; width: 100% } td { border-top: 1px solid var(--line); padding: .45rem .6rem .45rem 0 }
  td:first-child, code { font: .9rem ui-monospace, monospace; overflow-wrap: anywhere }
  .rooms { display: grid; grid-template-columns: repeat(auto-fill, minmax(19rem, 1fr)); gap: .8rem }
  section { border: 1px solid var(--line); border-radius: 8px; padding: .9rem 1.1rem }
  .exits, .people { font-size: .85rem; opacity: .75 }
`

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`)
}
