/**
 * What is worth compressing.
 * @module
 */

/** Media types that are text, or next to it. */
const TEXT =
  /^(?:text\/|application\/(?:[\w.-]+\+)?(?:json|xml)\b|application\/(?:javascript|ecmascript|wasm|manifest|x-ndjson|jsonl|graphql|x-www-form-urlencoded)\b|image\/(?:svg\+xml|bmp)\b|font\/(?:ttf|otf)\b)/i

/** Whether a media type is one of text, or next to it: others are compressed already, as a rule. */
export function isText(mediaType: string): boolean {
  return TEXT.test(mediaType)
}
