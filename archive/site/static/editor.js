/* The editor of SQL that Datasette opens gets the label of the field it takes the place of. */
window.addEventListener("load", () => {
  const label = document.querySelector("label[for=sql-editor]");
  for (const each of document.querySelectorAll(".CodeMirror textarea")) {
    each.setAttribute("aria-label", label ? label.textContent : "SQL");
  }
});
