# The platform as a container: built from this tree, run on a bare Debian with what the package asks for.
#   docker build -t tongkang .        docs/operations.md says how to run it
FROM debian:12 AS build
WORKDIR /src
COPY . .
RUN ./tk package

FROM debian:12-slim
COPY --from=build /src/build/package/*.deb /tmp/
RUN apt-get update \
 && apt-get install -y --no-install-recommends curl ca-certificates /tmp/*.deb \
 && rm -rf /var/lib/apt/lists/* /tmp/*.deb \
 && install -d -o tongkang -g tongkang -m 700 /var/lib/tongkang
USER tongkang
VOLUME /var/lib/tongkang
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=3s --start-period=60s CMD curl -fsS -o /dev/null http://127.0.0.1:8080/health
ENTRYPOINT ["/usr/bin/tongkang"]
CMD ["serve", "--data", "/var/lib/tongkang", "--listen", "0.0.0.0:8080", "--pages", "/usr/share/tongkang/pages"]
