// Answers every request, so that one can see the service run.
export default {
  fetch() {
    return new Response("workerd runs; WORKERD_CONFIG in /etc/workerd/workerd.env names what it serves\n");
  },
};
