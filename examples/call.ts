/** Calls a server. @throws Error with the detail of its problem */
export async function call<T>(server: string, method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(server + path, {
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const reply = (await response.json()) as T & { readonly detail?: string };
  if (!response.ok) throw new Error(`${method} ${path}: ${reply.detail ?? response.status}`);
  return reply;
}
