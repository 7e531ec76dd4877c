// Kinora's REST API. Every error is an Error whose message is a sentence for people.

// Found from this script's own address, because a proxy may add a path in front of it.
export const API = new URL("../../api/v1", import.meta.url).pathname;

// The address of a file in one of REST's records, which name it from the server's root.
export const fileAddress = (url) => new URL(`../..${url}`, import.meta.url).pathname;

// The answer's JSON. With a body, which becomes JSON, the request is a POST.
export async function call(path, body) {
  const post = () => ({
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  let answer;
  try {
    answer = await fetch(API + path, body === undefined ? {} : post());
  } catch {
    throw new Error("Kinora is not responding.");
  }
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(sentence(content));
  return content;
}

// What a problem (RFC 9457) says to people.
export function sentence({ detail, hint }) {
  return [detail, hint].filter(Boolean).join(" ") || "The request failed, and Kinora did not say why.";
}
