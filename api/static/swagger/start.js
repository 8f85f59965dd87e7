// Shows the description of this server's interface. A signed-in person's requests carry the session's CSRF token.
"use strict";

let csrf = null;

async function token() {
  if (csrf === null) {
    const answer = await fetch("/api/v1/session");
    csrf = answer.ok ? (await answer.json()).csrf : "";
  }
  return csrf;
}

window.addEventListener("load", () => {
  window.SwaggerUIBundle({
    url: "/api/openapi.json",
    dom_id: "#swagger-ui",
    validatorUrl: null,
    requestInterceptor: async (request) => {
      const safe = ["GET", "HEAD", "OPTIONS"].includes((request.method || "GET").toUpperCase());
      if (!safe && !request.headers.Authorization) {
        request.headers["X-CSRF-Token"] = await token();
      }
      return request;
    },
  });
});
