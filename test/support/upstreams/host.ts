/** A server that stands in for one of the internet, by the name of its host in a table of them. */
export type Host = (request: Request) => Promise<Response> | Response;
