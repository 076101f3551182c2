/** What is said of an address that leads nowhere: where one may have meant to go. */

interface Link {
  readonly path: string;
  readonly label: string;
}

interface NotFoundPageProps {
  /** Pages with names like the one that was asked for */
  readonly near: readonly Link[];
  /** Where all pages of this kind are listed */
  readonly all: Link;
}

export function NotFoundPage({ near, all }: NotFoundPageProps) {
  return (
    <>
      <h1>There is no such page</h1>
      {near.length > 0 && (
        <p>
          Did you mean{" "}
          {near.map(({ path, label }, at) => (
            <>
              {at > 0 && " or "}
              <a href={path}>{label}</a>
            </>
          ))}
          ?
        </p>
      )}
      <p>
        <a href={all.path}>{all.label}</a>
      </p>
    </>
  );
}
